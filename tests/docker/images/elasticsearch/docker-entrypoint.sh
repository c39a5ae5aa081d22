#!/bin/bash
# As in Elastic's image, variables with a dot in their name are settings.
set -euo pipefail
home=/usr/share/elasticsearch
{
    echo "cluster.name: docker-cluster"
    echo "network.host: 0.0.0.0"
    env | grep -E '^[a-z0-9_]+(\.[a-z0-9_]+)+=' | sed 's/=/: /'
} > "$home/config/elasticsearch.yml"
exec "$ES_JAVA_HOME/bin/java" -Xms4m -Xmx64m -XX:+UseSerialGC -Dcli.name=server \
    -Dcli.script="$home/bin/elasticsearch" -Dcli.libs=lib/tools/server-cli -Des.path.home="$home" \
    -Des.path.conf="$home/config" -Des.distribution.type=tar -Des.java.type=ES_JAVA_HOME \
    -cp "$home/lib/*:$home/lib/cli-launcher/*" org.elasticsearch.launcher.CliToolLauncher
