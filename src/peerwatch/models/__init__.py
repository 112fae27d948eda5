"""Who the subject can be besides an organism: named models, their prices, routes and drill."""
