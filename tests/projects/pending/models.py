from django.db import models


class Entry(models.Model):
    name = models.CharField(max_length=100)
    message = models.TextField()
    written = models.DateTimeField(auto_now_add=True)
    nickname = models.CharField(max_length=100)
    likes = models.BigIntegerField(db_default=0, default=0)

    class Meta:
        ordering = ["-written"]
        indexes = [models.Index(fields=["name"], name="entry_name"), models.Index(fields=["likes"], name="entry_likes")]

    def __str__(self) -> str:
        return f"{self.name}: {self.message[:40]}"
