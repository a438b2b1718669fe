"""Elements that Streamlit does not have, as small components: a Python file with the JavaScript and CSS beside it."""
