"""values.py: pieces of rnnc text with their shapes, and the arithmetic that puts them together: columns, weights on the left."""

SUM, PRODUCT, SIGN, ATOM = 1, 2, 3, 4


class Unsupported(Exception):
    pass


class Val:
    """A translated value: rnnc text, how tightly it binds, its shape in rnnc's orientation (numbers); the letter of the time axis that it
    varies over, or ""."""

    def __init__(self, code, shape=(), time="", batch=False, binds=ATOM, token=None, product=None):
        self.code, self.shape, self.time, self.batch, self.binds = code, tuple(shape), time, batch, binds
        self.token = token        # of an integer input: its name
        self.product = product    # "@" or "*" where the text is a bare product

    def at(self, binds):
        return self.code if self.binds >= binds else f"({self.code})"


def number(x):
    return Val(repr(float(x)) if not float(x).is_integer() or abs(x) > 1e15 else str(int(x)), binds=ATOM if x >= 0 else SIGN)


def joined(vals):
    axes = {v.time for v in vals if v.time}
    if len(axes) > 1:
        raise Unsupported("a value over both time axes")
    return dict(time="".join(axes), batch=any(v.batch for v in vals))


def scalar(v):
    """A vector of length 1 as a number."""
    return Val(f"sum({v.code})", (), v.time, v.batch) if v.shape == (1,) else v


def vector(v):
    """A number as a vector of length 1."""
    return Val(f"concat({v.code})", (1,), v.time, v.batch) if v.shape == () else v


def elementwise(op, a, b):
    if a.token or b.token:
        raise Unsupported("arithmetic on tokens")
    if a.shape != b.shape and a.shape and b.shape:
        if a.shape == (1,):
            a = scalar(a)
        elif b.shape == (1,):
            b = scalar(b)
        elif len(a.shape) != len(b.shape):
            raise Unsupported("a matrix with a vector, elementwise")
        else:
            raise Unsupported(f"shapes {a.shape} {op} {b.shape}")
    binds = SUM if op in "+-" else PRODUCT
    left = a.at(binds)
    right = b.at(binds + 1 if op in "-/" or binds == PRODUCT else binds)
    if binds == PRODUCT and a.product == "@":
        left = f"({a.code})"
    return Val(f"{left} {op} {right}", a.shape or b.shape, binds=binds, product=op if binds == PRODUCT else None, **joined([a, b]))


def matmul(a, b):
    """a @ b of the neutral form, where a row on the left is a column here and matrices are kept transposed"""
    if len(a.shape) < 2:
        a = vector(a)
        if b.shape == ():
            b = vector(b)
        if len(b.shape) == 1:
            return Val(f"sum({elementwise('*', a, b).code})", (), **joined([a, b]))
        if b.shape[1] != a.shape[0]:
            raise Unsupported(f"product of {a.shape} and {b.shape}")
        shape = (b.shape[0],)
    elif len(b.shape) == 1:
        return Val(f"{a.at(ATOM)}' @ {b.at(ATOM)}", (a.shape[1],), binds=PRODUCT, product="@", **joined([a, b]))
    else:
        shape = (b.shape[0], a.shape[1])
    left = b.at(PRODUCT) if b.product != "*" else f"({b.code})"
    return Val(f"{left} @ {a.at(SIGN)}", shape, binds=PRODUCT, product="@", **joined([a, b]))
