"""The gallery: what each product needs to be connected, as data in `clients/templates/`, one TOML file a product.

Door: `shelf` finds templates, `filling.fill` makes of one, of its answers and of our values what is registered here
and pasted there. Rule: read when somebody asks, never when the server starts or a person signs in.
"""
