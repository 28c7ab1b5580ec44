"""What admins do, for every door that they do it by (command line, console, API): one verb each, one description.

Door: a file for each subject: `applications`, `people`, `groups` and so on. Rule: no words of a command or a page; what
is wrong is an error of the room that knows, or a value; `record` writes the audit event in the caller's name.
"""
