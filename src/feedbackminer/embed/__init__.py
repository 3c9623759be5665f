"""③ Texts to vectors, each distinct text encoded once, ever."""
