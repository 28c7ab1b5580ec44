"""An installation as a whole: its files, its schema, setting it up, looking for what is wrong with it.

Stands above every room but the command line and the pages, which both use it: the server at its start, `doorward init`,
`migrate` and `doctor`. Rule: what is wrong is a `Failed`, a sentence for whoever runs the installation.
"""
