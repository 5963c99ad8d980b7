"""The assess command: JSON Lines in, one result a line out, errors in their place, exit status 1 at the end."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

FOLDER = Path(__file__).parents[1]
ROWS = (FOLDER / "tests" / "data" / "policy_484_examples.jsonl").read_bytes().splitlines()
GOOD = json.loads(ROWS[0])["facts"]


def run(tmp_path, *lines, policy=None):
    """The results of lines in a file, and whether the exit status would be 0."""
    path = tmp_path / "facts.jsonl"
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines))
    out = io.StringIO()
    options = {"policy": policy} if policy else {}
    try:
        call_command("assess", str(path), stdout=out, **options)
    except SystemExit as end:
        if end.code != 1:
            raise
        return [json.loads(line) for line in out.getvalue().splitlines()], False
    return [json.loads(line) for line in out.getvalue().splitlines()], True


def test_results_in_order_with_the_keys_of_the_contract(tmp_path):
    results, well = run(tmp_path, *ROWS)
    assert well
    assert [result["case_id"] for result in results] == [json.loads(row)["case_id"] for row in ROWS]
    first = results[0]
    assert list(first) == [
        "case_id",
        "policy",
        "edition",
        "edition_sha256",
        "as_of",
        "determination",
        "mixed",
        "pathways",
        "score",
        "missing",
        "flags",
        "lines",
        "switches",
    ]
    assert (first["policy"], first["edition"], first["as_of"]) == ("bcbsma-484", "2022-06", "2026-11-20")
    assert set(first["lines"][0]) >= {
        "line",
        "code",
        "determination",
        "pathways",
        "missing",
        "flags",
        "advice",
        "levels",
    }
    assert set(first["lines"][0]["levels"][0]) >= {"level", "determination", "pathways", "criteria"}
    asked = next(result for result in results if result["missing"])["missing"][0]
    assert list(asked) == ["criterion", "level", "ask"]


def test_a_bare_document_and_one_under_facts_give_the_same(tmp_path):
    results, well = run(tmp_path, GOOD, {"facts": GOOD, "story": "x"}, b"", b"  ", {"case_id": "outer", "facts": GOOD})
    assert well
    assert results[0] == results[1] == results[2]


def test_the_outer_case_id_stands_in(tmp_path):
    nameless = {key: value for key, value in GOOD.items() if key != "case_id"}
    results, _ = run(tmp_path, {"case_id": "outer", "facts": nameless}, nameless, {"case_id": 5, "facts": nameless})
    assert [result["case_id"] for result in results] == ["outer", None, None]


BAD = {
    "not json": (b"{", None, ""),
    "a word": (b"hello", None, ""),
    "not an object": (b"[1]", None, ""),
    "null": (b"null", None, ""),
    "not UTF-8": (b'{"case_id": "\xff"}', None, ""),
    "half a surrogate": (b'{"case_id": "\\ud800"}', None, ""),
    "two values": (b"{} {}", None, ""),
    "nested too deeply": (b"[" * 100_000, None, ""),
    "nested too deeply inside": (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, None, ""),
    "a number of 5000 digits": (b'{"request_date": ' + b"9" * 5000 + b"}", None, ""),
    "an empty object": ({}, None, "request_date"),
    "a repeated key": (b'{"case_id": "r", "product": "hmo", "product": "ppo"}', "r", "product"),
    "a repeated key inside": (
        b'{"case_id": "r", "levels": {"L1": {"imaging": [{}, {"date": 1, "date": 2}]}}}',
        "r",
        "levels.L1.imaging.1.date",
    ),
    "a byte order mark in the middle": (b"\xef\xbb\xbf{}", None, ""),
    "UTF-16": ('{"case_id": "u"}'.encode("utf-16"), None, ""),
    "NaN": (b'{"case_id": "n", "request_date": NaN}', "n", "request_date"),
    "facts that are no object": ({"case_id": "o", "facts": [1]}, "o", ""),
    "facts that are null": ({"case_id": "o", "facts": None}, "o", ""),
    "a wrong date": (
        {**GOOD, "case_id": "d", "levels": {"L1": {"onset": {"earliest": "2026-02-30"}}}},
        "d",
        "levels.L1.onset.earliest",
    ),
    "inside facts, the inner id": ({"case_id": "o", "facts": {"case_id": "i"}}, "i", "request_date"),
}


@pytest.mark.parametrize(("line", "case_id", "path"), BAD.values(), ids=BAD)
def test_a_bad_line_gives_an_error_in_its_place(line, case_id, path, tmp_path):
    results, well = run(tmp_path, GOOD, line, GOOD)
    assert not well
    assert len(results) == 3
    assert results[0] == results[2]
    assert results[0]["determination"] == "meets"
    assert list(results[1]) == ["case_id", "error"]
    assert (results[1]["case_id"], results[1]["error"]["path"]) == (case_id, path)
    assert results[1]["error"]["message"]


def test_a_byte_order_mark_before_the_first_line_is_passed_over(tmp_path):
    results, well = run(tmp_path, b"\xef\xbb\xbf" + json.dumps(GOOD).encode(), GOOD)
    assert well
    assert results[0] == results[1]


def test_the_same_key_in_two_objects_is_no_repetition(tmp_path):
    _, well = run(tmp_path, {"case_id": "outer", "facts": GOOD})
    assert well


def test_an_unknown_policy_and_a_missing_file_are_told(tmp_path):
    with pytest.raises(CommandError, match="There is no policy x"):
        run(tmp_path, GOOD, policy="x")
    with pytest.raises(CommandError, match="Cannot read"):
        call_command("assess", str(tmp_path / "nothing"))


def process(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "manage.py", "assess", *arguments],
        cwd=FOLDER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", **options},
    )


def test_from_standard_input_it_answers_each_line_at_once_and_needs_no_database():
    with process() as assess:
        assess.stdin.write(json.dumps(GOOD).encode() + b"\n")
        assess.stdin.flush()
        assert json.loads(assess.stdout.readline())["determination"] == "meets"
        out, err = assess.communicate(b"{\n")
    assert json.loads(out)["error"]["path"] == ""
    assert (assess.returncode, err) == (1, b"")


def test_output_is_utf_8_whatever_the_locale():
    with process(PYTHONIOENCODING="ascii") as assess:
        out, err = assess.communicate(json.dumps({**GOOD, "safety_notes": ["h\u00e9patite"]}).encode())
    assert (assess.returncode, err) == (0, b"")
    assert json.loads(out)["flags"] == ["safety: h\u00e9patite"]


def test_a_reader_that_leaves_is_no_error(tmp_path):
    path = tmp_path / "many.jsonl"
    path.write_bytes(b"\n".join(ROWS * 30))
    with process(str(path)) as assess:
        assess.stdout.readline()
        assess.stdout.close()
        assert assess.stderr.read() == b""
    assert assess.returncode == 0


def test_check_policies_names_edition_and_digest():
    out = io.StringIO()
    call_command("check_policies", stdout=out)
    assert out.getvalue().startswith("bcbsma-484 2022-06 in force from 2022-06-01 ")
