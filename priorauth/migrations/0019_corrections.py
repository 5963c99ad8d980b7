from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("priorauth", "0018_turned_by_reading"),
    ]

    operations = [
        migrations.AddField(
            model_name="draft",
            name="corrects",
            field=models.PositiveSmallIntegerField(null=True),
        ),
    ]
