"""The words that tables, stages and pages share: tags, kinds of claims, metrics."""
