{{- define "meshproof.labels" -}}
app.kubernetes.io/name: meshproof
app.kubernetes.io/part-of: meshproof
app.kubernetes.io/managed-by: meshproof
{{- end }}

{{- define "meshproof.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "meshproof.controller" -}}
{{ .Release.Namespace }}-controller
{{- end }}

{{/* Rights are listed once, in the code; files/rules.yaml is made from there. `sets`: of that file, one after the other. */}}
{{- define "meshproof.rules" -}}
{{- $rules := .root.Files.Get "files/rules.yaml" | fromYaml -}}
{{- $all := list -}}
{{- range .sets }}{{ $all = concat $all (index $rules .) }}{{ end -}}
{{- toYaml $all -}}
{{- end }}

{{/* Which sets the controller that stays adds to those of sweeps, as JSON. `cluster`: beside cluster-wide rights. */}}
{{- define "meshproof.serveSets" -}}
{{- $serve := .root.Values.serve -}}
{{- $sets := list -}}
{{- if and $serve.enabled .cluster }}{{ $sets = append $sets "serveCluster" }}{{ end -}}
{{- if and $serve.enabled $serve.events }}{{ $sets = append $sets (ternary "eventsCluster" "events" .cluster) }}{{ end -}}
{{- if and $serve.enabled $serve.reports }}{{ $sets = append $sets (ternary "reportsCluster" "reports" .cluster) }}{{ end -}}
{{- toJson $sets -}}
{{- end }}

{{/* `name`: of the Role, where it is not the controller's. */}}
{{- define "meshproof.role" -}}
{{- $name := .name | default (include "meshproof.controller" .root) -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ $name }}
  namespace: {{ .namespace }}
  labels:
    {{- include "meshproof.labels" .root | nindent 4 }}
rules:
  {{- include "meshproof.rules" . | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ $name }}
  namespace: {{ .namespace }}
  labels:
    {{- include "meshproof.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ $name }}
subjects:
  - kind: ServiceAccount
    name: meshproof-controller
    namespace: {{ .root.Release.Namespace }}
{{- end }}

{{- define "meshproof.serveSelector" -}}
app.kubernetes.io/name: meshproof
app.kubernetes.io/component: serve
{{- end }}

{{- define "meshproof.serveLabels" -}}
{{ include "meshproof.labels" . }}
app.kubernetes.io/component: serve
{{- end }}

{{- define "meshproof.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* Where its pods may run, and how they get their image. */}}
{{- define "meshproof.placing" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* `env`: beside that of every controller. */}}
{{- define "meshproof.container" -}}
image: {{ include "meshproof.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
command:
  - node
  - /app/bin/meshproof.js
env:
  - name: MESHPROOF_POD_NAME
    valueFrom:
      fieldRef:
        fieldPath: metadata.name
  - name: MESHPROOF_POD_NAMESPACE
    valueFrom:
      fieldRef:
        fieldPath: metadata.namespace
  - name: MESHPROOF_POD_IP
    valueFrom:
      fieldRef:
        fieldPath: status.podIP
  - name: NODE_OPTIONS
    value: "--max-semi-space-size=4"
  {{- with .env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
resources:
  {{- toYaml .resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop:
      - ALL
{{- end }}
