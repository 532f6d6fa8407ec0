-- Segments of levels 0 and 1 have sheets from now on (domain/search/sheets.py): what has a block for each term is above.
-- Twice would do no harm.
UPDATE search_segments SET level = level + 1;
