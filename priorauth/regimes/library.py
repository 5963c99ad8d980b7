"""The file of regimes that is in force, read once in a process."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings

from policies import strict_yaml
from policies.loader import typed
from priorauth.regimes.rules import Rule, in_force
from priorauth.regimes.written import RegimesFile


@dataclass(frozen=True)
class Library:
    """Every rule by regime, the oldest first; which regime binds a product, and which one all others."""

    rules: dict[str, Sequence[Rule]]
    products: dict[str, str]
    default: str

    def of_product(self, product: str | None, received: dt.date) -> Rule:
        """The rule that binds a request of a product, received on a day; the default regime's for any other."""
        return in_force(self.rules[self.products.get(product or "", self.default)], received)

    def rule(self, regime: str, effective_from: dt.date) -> Rule:
        """The rule that set a clock. Raises KeyError where the file has it no more, with which no portal starts."""
        for rule in self.rules[regime]:
            if rule.effective_from == effective_from:
                return rule
        raise KeyError(f"{regime} from {effective_from}")

    def products_of(self, regime: str) -> list[str]:
        """The products that a regime binds by name."""
        return [product for product, bound in self.products.items() if bound == regime]


def current() -> Library:
    """The library in force. Raises `strict_yaml.YamlError` naming file, line and key of what is wrong in it."""
    return load(Path(settings.REGIMES_FILE))


@cache
def load(path: Path) -> Library:
    """Read a file of regimes; raises `strict_yaml.YamlError`, and OSError where there is none."""
    source = strict_yaml.load(path)
    document = typed(RegimesFile, source.data, source, ())
    for place, fault in document.faults():
        raise source.fault(place, fault)
    rules = {
        name: [Rule(name, regime.label, text, document.calendars.get(text.holidays)) for text in regime.rules]
        for name, regime in document.regimes.items()
    }
    products = {product: name for name, regime in document.regimes.items() for product in regime.products}
    return Library(rules, products, document.default)
