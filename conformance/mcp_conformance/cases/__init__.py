"""Cases: one test purpose each, as data (YAML, `model`) or as a check in Python where data can't say it (`checks`)."""
