"""`python -m portal`: check the Python before anything that an older one cannot read, then launch."""

import sys


def main() -> int:
    """Run the portal until Ctrl-C; return the exit status."""
    if sys.version_info < (3, 11):  # noqa: UP036  an older one should say this and not a traceback
        sys.exit("The portal needs Python 3.11 or newer, and this is {}.{}.".format(*sys.version_info))
    from portal.launch import launch

    return launch()


if __name__ == "__main__":
    sys.exit(main())
