"""loss_cases.py: the models whose loss and gradients losses.py compares with PyTorch's (make_losses.py): every distribution right of ~, every
loss of lang/losses.rnn. Each argument is computed from x[t] by a matrix of its own, so that its gradient is seen.

CASES: name: (declarations of the data, equations and the draw or the loss, {matrix: rows})."""

INPUTS = 2  # x[t] : real[2]
N, T = 4, 5
LENGTHS = (5, 2, 4, 1)

# values of a target: "real", "count" 0, 1, .., "unit" inside (0, 1), "bit", "sign"; token[n] a class; ! some are not observed
CASES = {
    "categorical": ("target y[t] : token[3] !", "y[t] ~ categorical(A @ x[t])", {"A": 3}),
    "bernoulli": ("target y[t] : real[3] bit !", "y[t] ~ bernoulli(A @ x[t])", {"A": 3}),
    "normal": ("target y[t] : real[3] real !", "y[t] ~ normal(A @ x[t], exp(B @ x[t]))", {"A": 3, "B": 3}),
    "laplace": ("target y[t] : real[3] real !", "y[t] ~ laplace(A @ x[t], exp(B @ x[t]))", {"A": 3, "B": 3}),
    "student_t": ("target y[t] : real[2] real !", "y[t] ~ student_t(exp(A @ x[t]), B @ x[t], exp(C @ x[t]))", {"A": 2, "B": 2, "C": 2}),
    "poisson": ("target y[t] : real[2] count !", "y[t] ~ poisson(A @ x[t])", {"A": 2}),
    "negative_binomial": ("target y[t] : real[2] count !", "y[t] ~ negative_binomial(exp(A @ x[t]), B @ x[t])", {"A": 2, "B": 2}),
    "beta": ("target y[t] : real[2] unit !", "y[t] ~ beta(exp(A @ x[t]), exp(B @ x[t]))", {"A": 2, "B": 2}),
    "mixture": ("target y[t] : real real !", "y[t] ~ mixture(A @ x[t], B @ x[t], exp(C @ x[t]))", {"A": 3, "B": 3, "C": 3}),
    "bivariate_mixture": ("target y[t] : real[2] real !",
                          "y[t] ~ bivariate_mixture(A @ x[t], B @ x[t], C @ x[t], exp(D @ x[t]), exp(E @ x[t]), tanh(F @ x[t]))",
                          {k: 3 for k in "ABCDEF"}),
    "ordinal": ("target y[t] : token[4] !", "y[t] ~ ordinal(sum(A @ x[t]), increasing(B @ x[t]))", {"A": 1, "B": 3}),
    "ordinal_of_two": ("target y[t] : token[2] !", "y[t] ~ ordinal(sum(A @ x[t]), increasing(B @ x[t]))", {"A": 1, "B": 1}),
    "masked_token": ("target y[t] : token[3] !; input m[t] : real bit", "y[t] ~ categorical(A @ x[t]) when m[t]", {"A": 3}),
    "masked_real": ("target y[t] : real[3] real !; input m[t] : real[3] bit", "y[t] ~ laplace(A @ x[t], 2) when m[t] == 0", {"A": 3}),
    "masked_pair": ("target y[t] : real[2] real !; input m[t] : real bit",
                    "y[t] ~ bivariate_mixture(A @ x[t], B @ x[t], B @ x[t], 1, 2, 0.5) when m[t]", {"A": 3, "B": 3}),
    "ahead": ("target y[t] : real real !", "y[t+1] ~ student_t(3, sum(A @ x[t]), 1)", {"A": 1}),
    "constant": ("target y : real real !", "y ~ laplace(sum[t](sum(A @ x[t])), 0.5)", {"A": 1}),
    "smoothed_cross_entropy": ("target y[t] : token[3]", "loss = mean[t](smoothed_cross_entropy(A @ x[t], y[t], 0.2))", {"A": 3}),
    "focal": ("target y[t] : token[3]", "loss = mean[t](focal(A @ x[t], y[t], 1.5))", {"A": 3}),
    "multi_hinge": ("target y[t] : token[3]", "loss = mean[t](multi_hinge(A @ x[t], y[t], 0.7))", {"A": 3}),
    "hinge": ("target y[t] : real[3] sign", "loss = mean[t](mean(hinge(A @ x[t], y[t])))", {"A": 3}),
    "huber": ("target y[t] : real[3] real", "loss = mean[t](mean(huber(A @ x[t], y[t], 0.6)))", {"A": 3}),
    "smooth_l1": ("target y[t] : real[3] real", "loss = mean[t](mean(smooth_l1(A @ x[t], y[t], 0.6)))", {"A": 3}),
    "log_cosh": ("target y[t] : real[3] real", "loss = mean[t](mean(log_cosh(A @ x[t], y[t])))", {"A": 3}),
    "quantile": ("target y[t] : real[3] real", "loss = mean[t](mean(quantile(A @ x[t], y[t], 0.9)))", {"A": 3}),
    "contrastive": ("target y[t] : real bit", "loss = mean[t](contrastive(A @ x[t], B @ x[t], y[t], 1.5))", {"A": 3, "B": 3}),
    "triplet": ("target y[t] : real[3] real", "loss = mean[t](triplet(A @ x[t], B @ x[t], y[t], 0.5))", {"A": 3, "B": 3}),
    "observed": ("target y[t] : real[3] real !",
                 "loss = mean[t](where(observed(y[t]), sum(square(A @ x[t] - where(is_number(y[t]), y[t], 0))), 0))", {"A": 3}),
}


def declarations(case):
    """(role, name, has time, type, shape, kind, may be unobserved) of each"""
    for text in case[0].split("; "):
        role, name, _, kind, *rest = text.split()
        size = int(kind.split("[")[1][:-1]) if "[" in kind else 0
        token = kind.startswith("token")
        yield role, name.split("[")[0], "[" in name, kind, () if token or not size else (size,), size if token else rest[0], "!" in rest


def model(name):
    declared, equation, matrices = CASES[name]
    lines = [f"  {role} {v}{'[t]' if timed else ''} : {kind}" for role, v, timed, kind, _, _, _ in declarations(CASES[name])]
    lines += [f"  param {m} : real[{rows}, {INPUTS}]" for m, rows in matrices.items()]
    return "\n".join([f"model {name} {{", f"  input x[t] : real[{INPUTS}]", *lines, f"  {equation}", "}", ""])
