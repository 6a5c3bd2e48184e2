module github.com/ntc-gov-pk/govpk-operator/hack/tools/pause

go 1.26.0
