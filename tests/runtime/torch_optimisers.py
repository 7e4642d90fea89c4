"""Writes optimisers_expected.h: parameters after each of a few updates by PyTorch's optimisers, its rate curves, and gradients clipped
by their weights' norms, for optim_tests.c.

Run by hand when a row of optimisers.def changes: python3 torch_optimisers.py > optimisers_expected.h
"""
import torch

torch.set_default_dtype(torch.float64)
STEPS, N = 5, 4
gradients = torch.tensor([[0.5, -1.25, 0.0, 2.0], [-0.25, 0.75, 1e-3, 1.0], [1.5, -0.5, -2e-3, -3.0], [0.1, 0.2, 0.3, 0.4], [-1.0, 0.0, 5e-4, 0.25]])
first = torch.tensor([1.0, -2.0, 0.5, 3.0])

CASES = [
    ("sgd(rate = 0.1)", lambda p: torch.optim.SGD(p, lr=0.1)),
    ("sgd(rate = 0.1, momentum = 0.9)", lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)),
    ("sgd(0.1, 0.9, nesterov = true)", lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True)),
    ("rmsprop(rate = 0.01, alpha = 0.95, eps = 1e-6)", lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.95, eps=1e-6)),
    ("adam()", lambda p: torch.optim.Adam(p)),
    ("adam(rate = 0.02, beta1 = 0.8, beta2 = 0.95, eps = 1e-5)", lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.8, 0.95), eps=1e-5)),
    ("adamw(rate = 0.02, decay = 0.1)", lambda p: torch.optim.AdamW(p, lr=0.02, weight_decay=0.1)),
]


def run(make):
    p = torch.nn.Parameter(first.clone())
    o = make([p])
    rows = []
    for g in gradients:
        p.grad = g.clone()
        o.step()
        rows.append(p.detach().tolist())
    return rows


def rates(make, steps):
    o = torch.optim.SGD([torch.nn.Parameter(first.clone())], lr=0.5)
    s = make(o)
    out = []
    for _ in range(steps):
        out.append(o.param_groups[0]["lr"])
        o.step()
        s.step()
    return out


def text(values):
    return "{" + ", ".join(repr(v) for v in values) + "}"


print("/* optimisers_expected.h: by torch_optimisers.py, PyTorch %s. */" % torch.__version__.split("+")[0])
print("enum { EXPECTED_STEPS = %d, EXPECTED_N = %d, EXPECTED_RATES = 8 };" % (STEPS, N))
print("static const double expected_first[EXPECTED_N] = %s;" % text(first.tolist()))
print("static const double expected_gradient[EXPECTED_STEPS][EXPECTED_N] = {%s};" % ",\n".join(text(g.tolist()) for g in gradients))
print("static const struct {\n  const char *optimizer;\n  double after[EXPECTED_STEPS][EXPECTED_N];\n} expected_case[] = {")
for name, make in CASES:
    print('{"%s", {%s}},' % (name, ",\n".join(text(r) for r in run(make))))
print("};\nstatic const struct {\n  const char *schedule;\n  double rate[EXPECTED_RATES];\n} expected_schedule[] = {")
print('{"step(every = 3, factor = 0.5)", %s},' % text(rates(lambda o: torch.optim.lr_scheduler.StepLR(o, 3, 0.5), 8)))
print('{"cosine(over = 6, to = 0.05)", %s},' % text(rates(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 6, 0.05), 7) + [0.05]))
print("};")

# adaptive clipping, Brock et al. 2021: rows of a matrix, other parameters as a whole; clip 0.1, eps 0.01
weights = [torch.tensor([[0.5, -1.0, 0.25, 2.0], [0.0, 1e-3, 0.0, -2e-3], [3.0, 1.0, -1.0, 0.5]]), torch.tensor([0.1, 0.2, -0.3, 0.4]), torch.tensor(2.0)]
grads = [torch.tensor([[0.5, -1.25, 0.0, 2.0], [-0.25, 0.75, 1e-3, 1.0], [0.01, 0.02, -0.03, 0.0]]), torch.tensor([1.0, 0.0, -2.0, 0.5]), torch.tensor(-3.0)]


def unit_norm(a):
    return a.norm(dim=1, keepdim=True) if a.dim() == 2 else a.norm()


def clipped(w, g):
    most, size = 0.1 * unit_norm(w).clamp(min=0.01), unit_norm(g)
    return torch.where(size > most, g * (most / size), g)


for name, values in (("_weights", weights), ("_gradients", grads), ("", [clipped(w, g) for w, g in zip(weights, grads)])):
    print("static const double expected_adaptive%s[] = %s;" % (name, text(torch.cat([v.reshape(-1) for v in values]).tolist())))
