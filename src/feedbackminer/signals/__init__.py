"""⑥ Posts and tags to threads and members: who answers whom, how soon, who stays."""
