"""How the tables print numbers: shares as per cent, ratios with ×, intervals in brackets or as ±."""


def percent(x):
    return f"{100 * x:.2f}"


def points(x):
    return f"{100 * x:+.2f}"


def ratio(x):
    return f"{x:.2f}×"


def count(x):
    return f"{x:.0f}"


def tokens(x):
    return f"{x:.0f}" if x == int(x) else f"{x:.1f}"


def p_value(x):
    return "<0.0001" if x < 1e-4 else f"{x:.4f}"


def fixed(digits):
    return lambda x: f"{x:.{digits}f}"


def bounds(write, value, interval):
    low, high = (None, None) if interval is None else (write(end).removesuffix("×") for end in interval)
    return write(value) if interval is None else f"{write(value)} [{low}, {high}]"


def half(write, value, interval):
    if interval is None:
        return write(value)
    sign = "×" if write is ratio else ""
    width = write(0.5 * (interval[1] - interval[0])).removeprefix("+").removesuffix("×")
    return f"{write(value).removesuffix('×')}±{width}{sign}"
