"""An installation in one file, and back: `taking`, `verifying`, `restoring`, `scheduled`.

Door: `taking.take`, `verifying.verify`, `restoring.restore`, `ending.end_all_tokens`. A file is what age encrypts
(age-encryption.org/v1) of what gzip compresses of lines of JSON: see docs/backup.md.
Rule: it is written whole or not at all, and nothing of a passphrase or a key is ever said or logged.
"""
