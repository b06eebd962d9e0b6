"""Content on its way: imports and exports as jobs, and what clients and this server lack of each other's courses.

What is moved, and how, is in `resolvers/content`; here is who asks for it, in which turn, and how it is told.
"""
