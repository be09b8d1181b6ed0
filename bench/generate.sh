#!/usr/bin/env bash
# Writes a cluster of N Services with M endpoints each to standard output, as
# "kubectl get svc,endpointslices,nodes -A -o yaml" (or -o json) prints one.
#   bench/generate.sh N M yaml|json
set -euo pipefail
[ $# -eq 3 ] || { sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 2; }

exec awk -v services="$1" -v endpoints="$2" -v format="$3" '
# Prints values by path depth in either notation; objects are written by hand below to keep this fast.
function ipv4(base, n) { return base + int(n / 65536) "." int(n / 256) % 256 "." n % 256 }
function uid(n) { return sprintf("%08x-5d19-4b9c-9ba6-%012x", n * 2654435761 % 4294967296, n) }
BEGIN {
  if (format == "json") json(); else yaml()
}
function yaml(   s, e, n, ns, name) {
  print "apiVersion: v1\nitems:"
  for (s = 0; s < services; s++) {
    ns = "ns-" s % 50; name = "svc-" s
    printf "- apiVersion: v1\n  kind: Service\n  metadata:\n    creationTimestamp: \"2026-11-20T09:00:00Z\"\n    labels:\n      app: %s\n    name: %s\n    namespace: %s\n    resourceVersion: \"%d\"\n    uid: %s\n", name, name, ns, s + 1000, uid(s)
    printf "  spec:\n    clusterIP: 10.%s\n    clusterIPs:\n    - 10.%s\n    internalTrafficPolicy: Cluster\n    ipFamilies:\n    - IPv4\n    ipFamilyPolicy: SingleStack\n    ports:\n    - name: http\n      port: 80\n      protocol: TCP\n      targetPort: 8080\n    selector:\n      app: %s\n    sessionAffinity: None\n    type: ClusterIP\n  status:\n    loadBalancer: {}\n", ipv4(96, s), ipv4(96, s), name
  }
  for (s = 0; s < services; s++) {
    ns = "ns-" s % 50; name = "svc-" s
    print "- addressType: IPv4\n  apiVersion: discovery.k8s.io/v1\n  endpoints:"
    for (e = 0; e < endpoints; e++) {
      n = s * endpoints + e
      printf "  - addresses:\n    - 10.%s\n    conditions:\n      ready: true\n      serving: true\n      terminating: false\n    nodeName: node-%d\n    targetRef:\n      kind: Pod\n      name: %s-7c5ddbdf54-%05d\n      namespace: %s\n      uid: %s\n    zone: zone-%d\n", ipv4(128, n), n % 100, name, e, ns, uid(n), n % 3
    }
    printf "  kind: EndpointSlice\n  metadata:\n    creationTimestamp: \"2026-11-20T09:00:00Z\"\n    generateName: %s-\n    generation: 1\n    labels:\n      endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io\n      kubernetes.io/service-name: %s\n    name: %s-abcde\n    namespace: %s\n    ownerReferences:\n    - apiVersion: v1\n      blockOwnerDeletion: true\n      controller: true\n      kind: Service\n      name: %s\n      uid: %s\n    resourceVersion: \"%d\"\n    uid: %s\n  ports:\n  - name: http\n    port: 8080\n    protocol: TCP\n", name, name, name, ns, name, uid(s), s + 1000, uid(s)
  }
  print "- apiVersion: v1\n  kind: Node\n  metadata:\n    labels:\n      topology.kubernetes.io/zone: zone-1\n    name: node-1\n  status:\n    addresses:\n    - address: 192.0.2.1\n      type: InternalIP\nkind: List\nmetadata:\n  resourceVersion: \"\""
}
function json(   s, e, n, ns, name) {
  print "{\n    \"apiVersion\": \"v1\",\n    \"items\": ["
  for (s = 0; s < services; s++) {
    ns = "ns-" s % 50; name = "svc-" s
    printf "        {\n            \"apiVersion\": \"v1\",\n            \"kind\": \"Service\",\n            \"metadata\": {\n                \"creationTimestamp\": \"2026-11-20T09:00:00Z\",\n                \"labels\": {\n                    \"app\": \"%s\"\n                },\n                \"name\": \"%s\",\n                \"namespace\": \"%s\",\n                \"resourceVersion\": \"%d\",\n                \"uid\": \"%s\"\n            },\n", name, name, ns, s + 1000, uid(s)
    printf "            \"spec\": {\n                \"clusterIP\": \"10.%s\",\n                \"clusterIPs\": [\n                    \"10.%s\"\n                ],\n                \"internalTrafficPolicy\": \"Cluster\",\n                \"ipFamilies\": [\n                    \"IPv4\"\n                ],\n                \"ports\": [\n                    {\n                        \"name\": \"http\",\n                        \"port\": 80,\n                        \"protocol\": \"TCP\",\n                        \"targetPort\": 8080\n                    }\n                ],\n                \"sessionAffinity\": \"None\",\n                \"type\": \"ClusterIP\"\n            }\n        },\n", ipv4(96, s), ipv4(96, s)
  }
  for (s = 0; s < services; s++) {
    ns = "ns-" s % 50; name = "svc-" s
    print "        {\n            \"addressType\": \"IPv4\",\n            \"apiVersion\": \"discovery.k8s.io/v1\",\n            \"endpoints\": ["
    for (e = 0; e < endpoints; e++) {
      n = s * endpoints + e
      printf "                {\n                    \"addresses\": [\n                        \"10.%s\"\n                    ],\n                    \"conditions\": {\n                        \"ready\": true,\n                        \"serving\": true,\n                        \"terminating\": false\n                    },\n                    \"nodeName\": \"node-%d\",\n                    \"targetRef\": {\n                        \"kind\": \"Pod\",\n                        \"name\": \"%s-7c5ddbdf54-%05d\",\n                        \"namespace\": \"%s\",\n                        \"uid\": \"%s\"\n                    },\n                    \"zone\": \"zone-%d\"\n                }%s\n", ipv4(128, n), n % 100, name, e, ns, uid(n), n % 3, e + 1 < endpoints ? "," : ""
    }
    printf "            ],\n            \"kind\": \"EndpointSlice\",\n            \"metadata\": {\n                \"labels\": {\n                    \"kubernetes.io/service-name\": \"%s\"\n                },\n                \"name\": \"%s-abcde\",\n                \"namespace\": \"%s\",\n                \"uid\": \"%s\"\n            },\n            \"ports\": [\n                {\n                    \"name\": \"http\",\n                    \"port\": 8080,\n                    \"protocol\": \"TCP\"\n                }\n            ]\n        },\n", name, name, ns, uid(s)
  }
  print "        {\n            \"apiVersion\": \"v1\",\n            \"kind\": \"Node\",\n            \"metadata\": {\n                \"name\": \"node-1\"\n            }\n        }\n    ],\n    \"kind\": \"List\"\n}"
}'
