from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("priorauth", "0017_pages")]

    operations = [
        migrations.AddField(
            model_name="decision",
            name="turned_by_reading",
            field=models.BooleanField(default=False),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(
                fields=["-decided_at", "-id"],
                name="decision_turned_by_reading",
                condition=Q(turned_by_reading=True),
            ),
        ),
    ]
