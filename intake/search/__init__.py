"""One index over narratives, paragraphs and notes; facets, map and timeline of one result."""
