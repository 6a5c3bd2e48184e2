{{- define "govpk-operator.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ required "image.tag or image.digest must be set" .tag }}
{{- end -}}
{{- end -}}
{{- end -}}
