"""Work on received files: scan, thumbnails, proxies, text, claimed metadata, likenesses. Originals are only read."""
