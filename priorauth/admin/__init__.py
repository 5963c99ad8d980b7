from priorauth.admin.site import site

__all__ = ["site"]
