"""make bench: the budgets of the portal, as ratios inside one run, each against what limits it.

It starts a PostgreSQL and a broker of its own. The measurements over little data come first, for they want a whole
trail; then a plan with its history is seeded, past the guards, for those over a million cases.
"""

import argparse
import logging
import os
from collections.abc import Iterable

from benchmarks.database import portal
from benchmarks.measure import Finding

ALONE = ("scoring",)
SMALL = ("trail", "wake", "submit", "panel", "replay")
SEEDED = ("queue", "claim", "export")
WIDTHS = "{:45}  {:23}  {:>16}  {:4}  {}"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(ALONE + SMALL + SEEDED)}; none means all"
    )
    parser.add_argument("--rows", type=int, default=1_000_000, help="cases to seed, and lines of decisions")
    parser.add_argument("--open", type=int, default=0, help="how many of them are open; by default a twentieth")
    chosen = parser.parse_args()
    if unknown := set(chosen.names).difference(ALONE, SMALL, SEEDED):
        parser.error(f"there is no measurement {', '.join(sorted(unknown))}")
    return chosen


def show(findings: Iterable[Finding]) -> None:
    for finding in findings:
        holds = "ok" if finding.holds else "over"
        print(WIDTHS.format(finding.what, finding.budget, finding.found, holds, finding.figures), flush=True)


def main() -> None:
    chosen = arguments()
    wanted = set(chosen.names or (*ALONE, *SMALL, *SEEDED))
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(WIDTHS.format("measured", "budget", "found", "", "figures"))
    with portal() as servers:
        logging.disable(logging.WARNING)
        from benchmarks import claim, export, panel, queue, replay, scoring, seed, submit, trail, wake

        small = {
            "scoring": scoring.measure,
            "trail": trail.measure,
            "wake": lambda: wake.measure(servers),
            "submit": submit.measure,
            "panel": panel.measure,
            "replay": replay.measure,
        }
        for name, measure in small.items():
            if name in wanted:
                show(measure())
        if wanted.intersection(SEEDED):
            world = seed.seed(chosen.rows, chosen.open or chosen.rows // 20)
            print(f"{world.rows:,} cases, {world.open:,} of them open, were seeded in {world.seconds:.0f} s")
            for name, measured in {"queue": queue, "claim": claim, "export": export}.items():
                if name in wanted:
                    show(measured.measure(world))
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
