"""Frame times from the DICOM files a node was loaded from."""


def times_from_instances(uids, count, instance_file):
    raise NotImplementedError
