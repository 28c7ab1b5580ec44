"""Pages of our own for somebody who is signed in: sign in first, prove it freshly, the frame around each page.

Door: `signing_in` (the session of a page, or the answer that asks for one), `frame.page`, and `door.DOOR`, the
"application" that a plain visit to the sign-in page belongs to. Rule: knows no single page; those stand in rooms above.
"""
