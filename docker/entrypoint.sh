#!/bin/sh
# What the containers of compose.yaml run, none of them as root. Any other command is run as it stands: `docker compose run chat_web mom doctor`.
set -eu
secrets=${SECRETS_DIR:-/secrets}

# Prints 48 random hexadecimal digits.
new_secret() {
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

# The image server's, and of those who ask it: the page, and any other command. Another server's is not told it.
case ${MOM_IMAGE_MODEL:-demo} in
http://chat_image:* | demo | file:*)
    if [ -s "$secrets/image_key" ]; then
        MOM_API_KEY_IMAGE_MODEL=${MOM_API_KEY_IMAGE_MODEL:-$(cat "$secrets/image_key")}
        export MOM_API_KEY_IMAGE_MODEL
    fi
    ;;
esac

case ${1:-web} in
secrets)
    # Made at the first start and kept: nothing secret is shipped, and nobody has to invent anything.
    if [ ! -s "$secrets/pgpass" ]; then
        password=$(new_secret)
        umask 022 # PostgreSQL's user reads it; the volume is seen by these containers alone
        printf '%s' "$password" >"$secrets/db_password"
        umask 077 # libpq takes no password from a file that others can read
        printf '*:*:*:*:%s\n' "$password" >"$secrets/pgpass"
    fi
    umask 077
    [ -s "$secrets/image_key" ] || new_secret >"$secrets/image_key"
    ;;
web)
    flask db upgrade
    flask db_seed
    exec mom serve
    ;;
image)
    exec mom image-server --host "${2:-127.0.0.1}" --port "${3:-8080}"
    ;;
*)
    exec "$@"
    ;;
esac
