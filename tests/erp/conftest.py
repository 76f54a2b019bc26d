from wycheproof import MISSING


def pytest_terminal_summary(terminalreporter):
    if MISSING:
        terminalreporter.write_line(
            f"Wycheproof vectors not run: {', '.join(MISSING)} not found; see tests/vectors/README.md."
        )
