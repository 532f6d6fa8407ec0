"""The adbapi pool, the SQL engines and the migrations."""
