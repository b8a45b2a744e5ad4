"""What can be made of which content, by the type that its bytes have, not by its name."""

from __future__ import annotations

# What ffmpeg is told to read a file as. Named, so that no text file is taken for a playlist of other files.
DEMUXERS = {
    "video/mp4": "mov", "video/quicktime": "mov", "video/3gpp": "mov", "video/3gpp2": "mov", "video/x-m4v": "mov",
    "video/webm": "matroska", "video/x-matroska": "matroska", "video/x-msvideo": "avi", "video/x-flv": "flv",
    "video/x-ms-wmv": "asf", "video/mpeg": "mpeg", "audio/mp4": "mov", "audio/quicktime": "mov", "audio/3gpp": "mov",
    "audio/3gpp2": "mov", "audio/x-m4a": "mov", "audio/webm": "matroska", "audio/x-matroska": "matroska",
    "audio/mpeg": "mp3", "audio/x-wav": "wav", "audio/wav": "wav", "audio/amr": "amr", "audio/ogg": "ogg",
    "audio/aac": "aac", "audio/x-flac": "flac", "audio/flac": "flac", "audio/aiff": "aiff",
}  # fmt: skip
PICTURES = {
    "image/jpeg", "image/png", "image/gif", "image/webp", "image/heic", "image/heif", "image/avif", "image/bmp",
    "image/tiff",
}  # fmt: skip
# The types of what this program makes; nothing else is ever given out to be shown.
SERVED = {
    "thumbnail": "image/jpeg", "preview": "image/jpeg", "poster": "image/jpeg", "page": "image/jpeg",
    "proxy": "video/mp4", "proxy_sound": "audio/mp4",
}  # fmt: skip


def family(content: str) -> str:
    """Return picture, video, sound, pdf, text or '' for what is only kept."""
    if content in PICTURES:
        return "picture"
    if content in DEMUXERS:
        return "video" if content.startswith("video/") else "sound"
    return {"application/pdf": "pdf", "text/plain": "text"}.get(content, "")
