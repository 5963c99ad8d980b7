"""No rule of an edition is without a case: whatever is changed in its file, the loader refuses it or a case fails."""

from policies import cases, registry, strict_yaml
from tests import mutants

# Mutants that no case can notice, each with the reason why it says the same as the file.
EQUIVALENT: dict[str, str] = {}


def test_every_mutant_of_policy_484_is_noticed():
    folder = registry.LIBRARY / "bcbsma_484"
    plain = strict_yaml.load(folder / "2022-06.yaml").data
    left, refused, noticed = mutants.survivors(plain, cases.read(folder / "cases"))
    assert set(left) == set(EQUIVALENT)
    assert noticed > 700
    assert refused > 700


def test_an_unchanged_edition_is_no_mutant():
    """The test above can fail: with nothing changed the loader and every case are content."""
    folder = registry.LIBRARY / "bcbsma_484"
    edition = mutants.edition_of(strict_yaml.load(folder / "2022-06.yaml").data)
    assert not any(cases.failures(case, edition) for case in cases.read(folder / "cases"))


def test_the_mutants_are_these_and_more():
    plain = strict_yaml.load(registry.LIBRARY / "bcbsma_484" / "2022-06.yaml").data
    found = [name for name, _ in mutants.mutants(plain)]
    assert len(found) == len(set(found)) > 1_900
    assert set(found) >= {
        "criteria.conservative_6_weeks.with.days: 43",
        "criteria.osteoporotic.with.t_score_normal_from: -1.1",
        "effective: 2022-05-31",
        "finding_sets.healed.1: dropped",
        "finding_sets.indeterminate.1: lytic_lesion",
        "codes.current.22510: dropped",
        "codes.current.22510.regions.2: L",
        "criteria.exam_concordant.judgement: False",
        "criteria.not_prophylactic.accepted_when_silent: ['purpose']",
        "pathways.B.all.4.counts.is.0: dropped",
        "without pathway B",
        "without criterion symptomatic",
    }
    assert any(name.startswith("pathways.A.all: [{'any':") for name in found)
    assert any(name.startswith("switches.continuity: {'default': 'strict'") for name in found)
