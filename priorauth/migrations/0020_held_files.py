import django.db.models.deletion
from django.db import migrations, models

# A file that was not sent goes to the answer that is begun and names it; every other one is in the correction. That is
# no act on the case, so the guard is told to pass; `migrate` puts it on again at its end (guards.py).
CARRY_OVER = """
ALTER TABLE priorauth_attachment DISABLE TRIGGER USER;
UPDATE priorauth_attachment a SET information_request_id = q.id
    FROM priorauth_informationrequest q JOIN priorauth_answerdraft d ON d.information_request_id = q.id
    WHERE q.case_id = a.case_id AND q.answered_at IS NULL AND q.expired_at IS NULL AND a.revision_id IS NULL
    AND EXISTS (
        SELECT FROM jsonb_each(d.changes) field(name, texts)
        WHERE name LIKE 'imaging-%-attachment' AND texts ? a.id::text
    );
ALTER TABLE priorauth_attachment ENABLE TRIGGER USER;
"""


class Migration(migrations.Migration):
    dependencies = [("priorauth", "0019_corrections")]

    operations = [
        migrations.AddField(
            model_name="attachment",
            name="information_request",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="priorauth.informationrequest",
            ),
        ),
        migrations.RunSQL(CARRY_OVER, migrations.RunSQL.noop),
    ]
