"""One file a revision, in the order of their numbers. What was released is never edited."""
