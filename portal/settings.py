INSTALLED_APPS = ["policies"]
SECRET_KEY = "x"
USE_TZ = True
