"""What PostgreSQL itself refuses, to everybody (invariant 3): a change of what was written once, a case that moves
without its audit event, and a row of a case that no act writes."""

from typing import Any, NamedTuple

from django.db import connections

APPEND_ONLY = (
    "priorauth_auditevent",
    "priorauth_checkpoint",
    "priorauth_revision",
    "priorauth_assessment",
    "priorauth_decision",
    "priorauth_decisionline",
    "priorauth_editionuse",
    "priorauth_replay",
    "priorauth_replayedcase",
    "priorauth_message",
    "priorauth_itemanswer",
    "priorauth_letter",
    "priorauth_lettertext",
    "priorauth_handover",
    "priorauth_regimeuse",
    "priorauth_clockchange",
    "priorauth_deadlinenotice",
    "priorauth_judgement",
    "priorauth_reopening",
    "priorauth_reading",
)
CASE = "priorauth_case"
OF_A_CASE = (
    "priorauth_revision",
    "priorauth_assessment",
    "priorauth_decision",
    "priorauth_decisionline",
    "priorauth_informationrequest",
    "priorauth_escalation",
    "priorauth_attachment",
    "priorauth_message",
    "priorauth_itemanswer",
    "priorauth_letter",
    "priorauth_handover",
    "priorauth_clockchange",
    "priorauth_judgement",
    "priorauth_reopening",
    "priorauth_reading",
)
EVENT_GATE = 484_001  # the advisory lock that every insert of an event shares until it is committed

APPEND_ONLY_FUNCTION = """
CREATE OR REPLACE FUNCTION priorauth_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_TABLE_NAME || coalesce(TG_ARGV[0], ' is append-only: rows are never changed or deleted')
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""

# At commit: each change of a case raised its version by one, and the event of that version stands in its trail. Only a
# claim may grow longer without: an open page renews it, and no form may get stale by that (services/claim.py).
CASE_FUNCTION = """
CREATE OR REPLACE FUNCTION priorauth_case_has_its_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    due integer := 1;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - TG_ARGV = to_jsonb(OLD) - TG_ARGV THEN
            RETURN NULL;
        ELSIF NEW.claimed_until > OLD.claimed_until
            AND to_jsonb(NEW) - TG_ARGV - 'claimed_until' = to_jsonb(OLD) - TG_ARGV - 'claimed_until' THEN
            RETURN NULL;
        END IF;
        due := OLD.version + 1;
    END IF;
    PERFORM FROM priorauth_auditevent
        WHERE stream = 'case:' || NEW.reference AND sequence = due AND case_version = due AND NEW.version = due;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a case was changed past the services: its version must become %, with one audit event', due
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$
"""

# While an act is under way the case's version is ahead of its trail; at every other time the two are equal.
ACT_FUNCTION = """
CREATE OR REPLACE FUNCTION priorauth_within_an_act() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    written record := NEW;
    of_case bigint;
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - TG_ARGV = to_jsonb(OLD) - TG_ARGV THEN
        RETURN NULL;
    ELSIF TG_OP = 'DELETE' THEN
        written := OLD;
    END IF;
    IF TG_TABLE_NAME = 'priorauth_decisionline' THEN
        SELECT case_id INTO of_case FROM priorauth_decision WHERE id = written.decision_id;
    ELSE
        of_case := written.case_id;
    END IF;
    PERFORM FROM priorauth_case c WHERE c.id = of_case AND c.version > (
        SELECT coalesce(max(e.sequence), 0) FROM priorauth_auditevent e WHERE e.stream = 'case:' || c.reference);
    IF NOT FOUND THEN
        RAISE EXCEPTION '% was written past the services: only an act on its case writes it', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$
"""

# A statement trigger: the lock is held before the statement draws the first number from the sequence of the ids.
GATE_FUNCTION = f"""
CREATE OR REPLACE FUNCTION priorauth_event_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared({EVENT_GATE});
    RETURN NULL;
END $$
"""


class Guard(NamedTuple):
    """One trigger: its name, its table, and the rest of its definition."""

    name: str
    table: str
    when: str
    does: str
    constraint: bool = False

    def __str__(self) -> str:
        return f"{self.name} on {self.table}"

    @property
    def definition(self) -> str:
        verb = "CREATE CONSTRAINT TRIGGER" if self.constraint else "CREATE OR REPLACE TRIGGER"
        deferred = "DEFERRABLE INITIALLY DEFERRED" if self.constraint else ""
        return f"{verb} {self.name} {self.when} ON {self.table} {deferred} FOR EACH {self.does}"


REFUSE_ROW, REFUSE_ALL = (f"{each} EXECUTE FUNCTION priorauth_append_only()" for each in ("ROW", "STATEMENT"))
REFUSE_DELETION = "ROW EXECUTE FUNCTION priorauth_append_only(': a case and its trail are never deleted')"
WITHIN_AN_ACT = "ROW EXECUTE FUNCTION priorauth_within_an_act('scan', 'scanned_at')"
HAS_ITS_EVENT = "ROW EXECUTE FUNCTION priorauth_case_has_its_event('updated_at')"
GATE = "STATEMENT EXECUTE FUNCTION priorauth_event_gate()"
GUARDS = (
    *(Guard("append_only_rows", table, "BEFORE UPDATE OR DELETE", REFUSE_ROW) for table in APPEND_ONLY),
    *(Guard("append_only_table", table, "BEFORE TRUNCATE", REFUSE_ALL) for table in APPEND_ONLY),
    *(Guard("within_an_act", table, "AFTER INSERT OR UPDATE OR DELETE", WITHIN_AN_ACT) for table in OF_A_CASE),
    Guard("case_is_kept", CASE, "BEFORE DELETE", REFUSE_DELETION),
    Guard("case_has_its_event", CASE, "AFTER INSERT OR UPDATE", HAS_ITS_EVENT, constraint=True),
    Guard("event_gate", "priorauth_auditevent", "BEFORE INSERT", GATE),
)
TABLES = tuple(dict.fromkeys(guard.table for guard in GUARDS))


def missing(using: str = "default") -> list[str]:
    """The guards that are gone or switched off, as `trigger on table`."""
    return sorted(set(map(str, GUARDS)) - _standing(using, enabled=["A"]))


def install(using: str = "default", **_: Any) -> None:
    """Put the guards on, idempotently. Connected to `post_migrate`."""
    with connections[using].cursor() as cursor:
        for function in (APPEND_ONLY_FUNCTION, CASE_FUNCTION, ACT_FUNCTION, GATE_FUNCTION):
            cursor.execute(function)
        cursor.execute("SELECT tablename FROM pg_tables WHERE tablename = ANY(%s)", [list(TABLES)])
        tables = {table for (table,) in cursor.fetchall()}
        standing = _standing(using, enabled=["A", "O", "D", "R"])
        for guard in GUARDS:
            if guard.table in tables:
                if not guard.constraint or str(guard) not in standing:  # PostgreSQL cannot replace those
                    cursor.execute(guard.definition)
                cursor.execute(f"ALTER TABLE {guard.table} ENABLE ALWAYS TRIGGER {guard.name}")


def _standing(using: str, enabled: list[str]) -> set[str]:
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT tgname || ' on ' || tgrelid::regclass FROM pg_trigger"
            " WHERE tgname = ANY(%s) AND tgenabled::text = ANY(%s)",
            [[guard.name for guard in GUARDS], enabled],
        )
        return {name for (name,) in cursor.fetchall()}
