"""One file per line of the list: a probe (I/O) and a pure judgement."""
