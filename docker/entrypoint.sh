#!/bin/sh
# What the containers of compose.yaml run, none of them as root. Any other command is run as it stands: `docker compose run chat_web mom doctor`.
set -eu
secrets=${SECRETS_DIR:-/secrets}
llm_secrets=${LLM_SECRETS_DIR:-/llm_secrets}

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

# The llama.cpp servers', for each part that one of them plays.
for part in SMALL_LLM LARGE_LLM VISION_LLM; do
    eval "address=\${MOM_$part:-} own_key=\${MOM_API_KEY_$part:-}"
    case $address in
    http://chat_small_llm:* | http://chat_large_llm:*)
        if [ -z "$own_key" ] && [ -s "$llm_secrets/llm_key" ]; then
            export "MOM_API_KEY_$part=$(cat "$llm_secrets/llm_key")"
        fi
        ;;
    esac
done

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
    [ -s "$llm_secrets/llm_key" ] || new_secret >"$llm_secrets/llm_key"
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
