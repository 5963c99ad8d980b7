-- The postgres image runs this once, on an empty volume: the owner of the portal's tables, who is no superuser.
-- `manage.py migrate` works as the owner, and makes the lesser role of web, worker and beat (priorauth/grants.py).
\getenv password DATABASE_OWNER_PASSWORD
CREATE ROLE portal LOGIN CREATEROLE PASSWORD :'password';
CREATE DATABASE portal OWNER portal;
