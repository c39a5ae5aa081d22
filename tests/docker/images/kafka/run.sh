#!/bin/bash
# As in Apache's image, variables that begin with KAFKA_ are settings, but for those of its scripts.
set -euo pipefail
properties=/opt/kafka/config/server.properties
env | grep '^KAFKA_' | grep -vE '^KAFKA_(HEAP_OPTS|OPTS|JVM_PERFORMANCE_OPTS)=' | while IFS='=' read -r name value; do
    name="${name#KAFKA_}"
    name="${name,,}"
    echo "${name//_/.}=$value"
done > "$properties"
grep -q '^log.dirs=' "$properties" || echo "log.dirs=/tmp/kraft-combined-logs" >> "$properties"
java=(/opt/java/bin/java -cp '/opt/kafka/libs/*')
"${java[@]}" -Xmx64m kafka.tools.StorageTool format --ignore-formatted -t 5L6g3nShT-eMCtK--X86sw -c "$properties"
read -ra heap <<< "${KAFKA_HEAP_OPTS:--Xmx512m}"
exec "${java[@]}" "${heap[@]}" -XX:+ExitOnOutOfMemoryError kafka.Kafka "$properties"
