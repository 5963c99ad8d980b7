from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("priorauth", "0004_directory")]

    operations = [
        migrations.AddField(
            model_name="draft",
            name="record",
            field=models.JSONField(
                default=dict, help_text="what was changed after the panel: services/panel_record.py"
            ),
        ),
    ]
