-- Pages that nobody asked for in a while go (domain/web_pages/previews.py).
CREATE INDEX web_pages_by_age ON web_pages (fetched_at);
