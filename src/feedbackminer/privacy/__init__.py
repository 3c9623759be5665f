"""What is personal: masked, replaced by pseudonyms, sealed."""
