from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("priorauth", "0016_filters"),
    ]

    operations = [
        migrations.AddField(
            model_name="draft",
            name="corrects",
            field=models.PositiveSmallIntegerField(null=True),
        ),
    ]
