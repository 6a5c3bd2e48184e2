module github.com/ntc-gov-pk/govpk-operator/hack/sample/api

go 1.26.0
