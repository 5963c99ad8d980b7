import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

# What was decided and asked before keeps its days, its code and its clock. Both tables of decisions refuse an update by
# triggers; `migrate` puts those on again at its end (guards.py). Of what was not asked for before, nothing is made up:
# three checks hold for what comes, not for what stands (NOT VALID).
CARRY_OVER = """
ALTER TABLE priorauth_decision DISABLE TRIGGER USER;
ALTER TABLE priorauth_decisionline DISABLE TRIGGER USER;
ALTER TABLE priorauth_informationrequest DISABLE TRIGGER USER;
UPDATE priorauth_decision d SET clock_from = c.received_at, due_at = c.due_at,
    reason_codes = CASE WHEN d.reason_code = '' THEN '{}' ELSE ARRAY[d.reason_code] END
    FROM priorauth_case c WHERE c.id = d.case_id;
UPDATE priorauth_decisionline l SET valid_from = d.valid_from, valid_to = d.valid_to
    FROM priorauth_decision d WHERE d.id = l.decision_id AND l.outcome = 'approved';
UPDATE priorauth_informationrequest SET answer_by =
    CASE WHEN answered_at IS NULL THEN now() + interval '3 days'
    ELSE greatest(answered_at, asked_at + interval '1 second') END;
ALTER TABLE priorauth_decision ENABLE TRIGGER USER;
ALTER TABLE priorauth_decisionline ENABLE TRIGGER USER;
ALTER TABLE priorauth_informationrequest ENABLE TRIGGER USER;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('priorauth', '0008_letters'),
    ]

    operations = [
        migrations.CreateModel(
            name='Judgement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('level', models.CharField(max_length=10)),
                ('criterion', models.CharField(max_length=40)),
                ('computed', models.CharField(choices=[('met', 'Met'), ('not_met', 'Not met'), ('unknown', 'Needs more')], max_length=10)),
                ('verdict', models.CharField(choices=[('met', 'Met'), ('not_met', 'Not met'), ('unknown', 'Needs more')], max_length=10)),
                ('reason', models.TextField(blank=True, max_length=2000)),
                ('judged_role', models.CharField(choices=[('lead', 'Review lead'), ('nurse', 'Nurse reviewer'), ('physician', 'Medical director')], max_length=20)),
                ('judged_at', models.DateTimeField()),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='judgements', to='priorauth.case')),
                ('judged_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('revision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='judgements', to='priorauth.revision')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(models.Q(('criterion', 'pain_source_certain'), _negated=True), ('verdict', models.F('computed'))), ('reason__regex', '\\S.{18,}\\S'), _connector='OR'), name='judgement_has_its_reason'), models.CheckConstraint(condition=models.Q(('judged_role__in', ['lead', 'nurse', 'physician'])), name='judged_by_a_reviewer'), models.CheckConstraint(condition=models.Q(('computed__in', ['met', 'not_met', 'unknown']), ('verdict__in', ['met', 'not_met', 'unknown'])), name='judgement_is_known')],
            },
        ),
        migrations.CreateModel(
            name='Reopening',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('round', models.PositiveSmallIntegerField()),
                ('reason', models.TextField(max_length=2000)),
                ('reopened_role', models.CharField(max_length=20)),
                ('reopened_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['round'],
            },
        ),
        migrations.AddField(
            model_name='reopening',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reopenings', to='priorauth.case'),
        ),
        migrations.AddField(
            model_name='reopening',
            name='reopened_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='reopening',
            constraint=models.UniqueConstraint(fields=('case', 'round'), name='reopened_once_per_round'),
        ),
        migrations.AddConstraint(
            model_name='reopening',
            constraint=models.CheckConstraint(condition=models.Q(('reason__regex', '\\S.{18,}\\S'), ('reopened_role', 'lead'), ('round__gte', 2)), name='a_lead_reopens_with_a_reason'),
        ),
        migrations.RemoveConstraint(
            model_name='decision',
            name='denial_needs_a_physician_and_reasons',
        ),
        migrations.RemoveConstraint(
            model_name='decision',
            name='approval_has_number_and_validity',
        ),
        migrations.RemoveConstraint(
            model_name='informationrequest',
            name='one_open_question_per_case',
        ),
        migrations.AddField(
            model_name='decision',
            name='clock_from',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='decision',
            name='due_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='decision',
            name='reason_codes',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('N01', 'N01 Fewer than 6 weeks of treatment, and neither hospital nor walking condition'), ('N02', 'N02 Cause is not osteoporosis, myeloma or metastasis'), ('N03', 'N03 Sacral level or sacroplasty'), ('N04', 'N04 Preventive, or a healed fracture'), ('N05', 'N05 Exam and imaging do not tie the pain to the level'), ('N06', 'N06 Requested facts were not received'), ('N07', 'N07 Administrative: not a member, or a duplicate')], max_length=3), default=list, size=None),
        ),
        migrations.AddField(
            model_name='decision',
            name='relied_on',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='decision',
            name='what_would_change',
            field=models.TextField(blank=True, max_length=2000),
        ),
        migrations.AddField(
            model_name='decisionline',
            name='units',
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='decisionline',
            name='valid_from',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='decisionline',
            name='valid_to',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='escalation',
            name='because',
            field=models.TextField(blank=True, max_length=2000),
        ),
        migrations.AddField(
            model_name='escalation',
            name='recommendation',
            field=models.CharField(choices=[('approve', 'Approve'), ('not_approve', 'Not approve'), ('ask', 'Ask for more')], default='', max_length=12),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='informationrequest',
            name='again',
            field=models.TextField(blank=True, max_length=2000),
        ),
        migrations.AddField(
            model_name='informationrequest',
            name='answer_by',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='informationrequest',
            name='expired_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.RunSQL(CARRY_OVER, migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name='decision',
            name='reason_code',
        ),
        migrations.RemoveField(
            model_name='decision',
            name='valid_from',
        ),
        migrations.RemoveField(
            model_name='decision',
            name='valid_to',
        ),
        migrations.AlterField(
            model_name='decision',
            name='clock_from',
            field=models.DateTimeField(),
        ),
        migrations.AlterField(
            model_name='decision',
            name='due_at',
            field=models.DateTimeField(),
        ),
        migrations.AlterField(
            model_name='informationrequest',
            name='answer_by',
            field=models.DateTimeField(),
        ),
        migrations.AddIndex(
            model_name='informationrequest',
            index=models.Index(condition=models.Q(('answered_at__isnull', True), ('expired_at__isnull', True)), fields=['answer_by'], name='question_waits'),
        ),
        AddConstraintNotValid(
            model_name='decision',
            constraint=models.CheckConstraint(condition=models.Q(('outcome__in', ['approved', 'closed']), models.Q(('credential__isnull', False), ('decided_role', 'physician'), ('reason_codes__contained_by', ['N01', 'N02', 'N03', 'N04', 'N05', 'N06', 'N07']), ('reason_codes__len__gte', 1), ('reason_for_member__regex', '\\S.{18,}\\S'), ('reason_for_clinician__regex', '\\S.{18,}\\S'), ('what_would_change__regex', '\\S.{18,}\\S')), _connector='OR'), name='denial_needs_a_physician_and_reasons'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('outcome__in', ['approved', 'partly_approved']), _negated=True), models.Q(('authorization_number', ''), _negated=True), _connector='OR'), name='approval_has_a_number'),
        ),
        AddConstraintNotValid(
            model_name='decision',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('against_computed', True), ('outcome', 'approved'), _negated=True), models.Q(('decided_role', 'physician'), ('reason_for_clinician__regex', '\\S.{18,}\\S')), _connector='OR'), name='override_needs_a_physician_and_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='decisionline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'approved'), ('valid_from__isnull', False), ('valid_to__gte', models.F('valid_from'))), models.Q(models.Q(('outcome', 'approved'), _negated=True), ('valid_from__isnull', True), ('valid_to__isnull', True)), _connector='OR'), name='an_approved_line_says_when'),
        ),
        migrations.AddConstraint(
            model_name='decisionline',
            constraint=models.CheckConstraint(condition=models.Q(('units__isnull', True), ('units__gte', 1), _connector='OR'), name='units_are_counted'),
        ),
        AddConstraintNotValid(
            model_name='escalation',
            constraint=models.CheckConstraint(condition=models.Q(('recommendation__in', ['approve', 'not_approve', 'ask'])), name='escalation_recommends'),
        ),
        migrations.AddConstraint(
            model_name='informationrequest',
            constraint=models.UniqueConstraint(condition=models.Q(('answered_at__isnull', True), ('expired_at__isnull', True)), fields=('case',), name='one_open_question_per_case'),
        ),
        migrations.AddConstraint(
            model_name='informationrequest',
            constraint=models.CheckConstraint(condition=models.Q(('answer_by__gt', models.F('asked_at'))), name='question_leaves_time'),
        ),
        migrations.AddConstraint(
            model_name='informationrequest',
            constraint=models.CheckConstraint(condition=models.Q(('expired_at__isnull', True), models.Q(('answered_at__isnull', True), ('expired_at__gte', models.F('answer_by')), ('revision__isnull', True)), _connector='OR'), name='only_an_unanswered_question_expires'),
        ),
    ]
