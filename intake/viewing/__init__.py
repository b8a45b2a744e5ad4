"""Looking at media at work: notes at a second or a page, transcripts and their translations, and care for who looks."""
