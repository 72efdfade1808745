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

{{/* Rights are listed once, in the code; files/rules.yaml is made from there. */}}
{{- define "meshproof.role" -}}
{{- $rules := index (.root.Files.Get "files/rules.yaml" | fromYaml) .rules -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ include "meshproof.controller" .root }}
  namespace: {{ .namespace }}
  labels:
    {{- include "meshproof.labels" .root | nindent 4 }}
rules:
  {{- toYaml $rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ include "meshproof.controller" .root }}
  namespace: {{ .namespace }}
  labels:
    {{- include "meshproof.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ include "meshproof.controller" .root }}
subjects:
  - kind: ServiceAccount
    name: meshproof-controller
    namespace: {{ .root.Release.Namespace }}
{{- end }}

{{- define "meshproof.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "meshproof.container" -}}
image: {{ include "meshproof.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
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
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop:
      - ALL
{{- end }}
