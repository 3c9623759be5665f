"""Questions put to the room: which posts speak on it, who is for it, who against."""
