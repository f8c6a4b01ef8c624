FLASK_APP=mom.app
