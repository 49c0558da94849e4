from django.db import models


class Entry(models.Model):
    name = models.CharField(max_length=100)
    message = models.TextField()
    written = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-written"]

    def __str__(self) -> str:
        return f"{self.name}: {self.message[:40]}"
