"""checks.py: checks by name, run one after the other, told and counted: the end of losses.py and two_axes.py."""


def run_checks(label, checks):
    """checks: name -> a function that says what it found, or raises. True where one failed."""
    failed = 0
    for name, check in checks.items():
        try:
            print(f"ok   {name}: {check()}")
        except (RuntimeError, OSError, KeyError) as why:
            print(f"FAIL {name}: {why}")
            failed += 1
    print(f"{label}: {len(checks) - failed} passed, {failed} failed")
    return failed > 0
